-- Takes the peer off the list. Its name in the group goes only if it holds nothing: its jobs would go with it, unseen.
-- KEYS: jobs, peers. ARGV: the group, the peer.
redis.call('HDEL', KEYS[2], ARGV[2])
if #redis.call('XPENDING', KEYS[1], ARGV[1], '-', '+', 1, ARGV[2]) == 0 then
  redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], ARGV[2])
end
