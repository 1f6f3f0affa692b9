-- Adds jobs, each once, however often it is asked for: the bit of its index says whether it is in. Their owner is heard of.
-- KEYS: jobs, the bits, peers. ARGV as unpacked here; then index, deadline and job of each.
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
-- A queue that nobody comes to any more goes by itself.
local ms = math.max(0, latest - now_ns()) / 1e6 + keep_ms
outlive(jobs, ms)
outlive(bits, ms)
