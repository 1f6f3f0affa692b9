-- Adds jobs, each once even if the call is repeated: the bit at its index says whether it was added. Counts as a heartbeat.
-- KEYS: jobs, bits, peers. ARGV as unpacked here, then index, deadline and payload of each job.
local jobs, bits, peers = KEYS[1], KEYS[2], KEYS[3]
local keep_ms, lease_ms, owner, reply_to, run = unpack(ARGV, 1, 5)
local peer = (redis.call('HGET', peers, owner) or ''):match('^%d+ (.*)$')
if peer then
  redis.call('HSET', peers, owner, string.format('%.0f', now_ns() / 1e6) .. ' ' .. peer)
  redis.call('PEXPIRE', peers, lease_ms)
end
local latest = 0
for i = 6, #ARGV, 3 do
  local index, deadline, job = unpack(ARGV, i, i + 2)
  latest = math.max(latest, tonumber(deadline))
  if redis.call('SETBIT', bits, index, 1) == 0 then
    redis.call('XADD', jobs, '*', 'to', reply_to, 'run', run, 'index', index, 'deadline', deadline, 'job', job)
  end
end
-- An abandoned queue expires.
local ms = math.max(0, latest - now_ns()) / 1e6 + keep_ms
outlive(jobs, ms)
outlive(bits, ms)
