-- Writes down that the peer is there, and renews its leases. Answers which of them are not its own any more.
-- KEYS: jobs, peers. ARGV as unpacked here; then the jobs it holds.
local jobs, peers = KEYS[1], KEYS[2]
local group, lease_ms, keep_ms, id, peer = unpack(ARGV, 1, 5)
redis.call('HSET', peers, id, string.format('%.0f', now_ns() / 1e6) .. ' ' .. peer)
-- When nobody has been heard of for a lease, nobody is present.
redis.call('PEXPIRE', peers, lease_ms)
outlive(jobs, tonumber(keep_ms))
local gone = {}
for i = 6, #ARGV do
  local job = ARGV[i]
  local own = redis.call('XPENDING', jobs, group, job, job, 1, id)[1]
  -- JUSTID: it is the same try. A job that was withdrawn can't be claimed.
  if not own or #redis.call('XCLAIM', jobs, group, id, 0, job, 'JUSTID') == 0 then gone[#gone + 1] = job end
end
return gone
