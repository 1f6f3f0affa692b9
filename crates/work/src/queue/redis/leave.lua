-- Removes the peer from the list, and its consumer from the group if it holds no jobs: they would be deleted with it.
-- KEYS: jobs, peers. ARGV: group, peer.
redis.call('HDEL', KEYS[2], ARGV[2])
if #redis.call('XPENDING', KEYS[1], ARGV[1], '-', '+', 1, ARGV[2]) == 0 then
  redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], ARGV[2])
end
