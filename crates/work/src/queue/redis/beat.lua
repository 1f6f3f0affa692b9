-- Heartbeat: records that the peer is alive and renews the leases of its jobs. Returns the jobs that it no longer owns.
-- KEYS: jobs, peers. ARGV as unpacked here, then the ids of the jobs that it holds.
local jobs, peers = KEYS[1], KEYS[2]
local group, lease_ms, keep_ms, id, peer = unpack(ARGV, 1, 5)
redis.call('HSET', peers, id, string.format('%.0f', now_ns() / 1e6) .. ' ' .. peer)
-- Without any heartbeat for one lease, the list of peers expires.
redis.call('PEXPIRE', peers, lease_ms)
outlive(jobs, tonumber(keep_ms))
local gone = {}
for i = 6, #ARGV do
  local job = ARGV[i]
  local own = redis.call('XPENDING', jobs, group, job, job, 1, id)[1]
  -- JUSTID doesn't count another attempt. A withdrawn job can't be claimed.
  if not own or #redis.call('XCLAIM', jobs, group, id, 0, job, 'JUSTID') == 0 then gone[#gone + 1] = job end
end
return gone
