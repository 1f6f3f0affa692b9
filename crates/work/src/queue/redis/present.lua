-- Returns the peers with a heartbeat within the lease, and forgets the others.
-- KEYS: peers. ARGV: lease in milliseconds.
local now_ms, present = now_ns() / 1e6, {}
local found = redis.call('HGETALL', KEYS[1])
for i = 1, #found, 2 do
  local heard_ms, peer = found[i + 1]:match('^(%d+) (.*)$')
  if heard_ms and now_ms - heard_ms > tonumber(ARGV[1]) then
    redis.call('HDEL', KEYS[1], found[i])
  else
    present[#present + 1] = peer or found[i + 1]
  end
end
return present
