-- Gives up jobs that have used all attempts. They are recorded before they are returned, since the reply may get lost.
-- KEYS: jobs, jobs given up. ARGV as unpacked here; `told` is the id of the last one that the run has received.
local jobs, graves = KEYS[1], KEYS[2]
local group, lease_ms, most_tries, keep_ms, reply_to, told, look = unpack(ARGV)
local from, page = '-', {}
repeat
  if look == '1' then page = redis.call('XPENDING', jobs, group, 'IDLE', lease_ms, from, '+', 100) end
  for _, row in ipairs(page) do
    local id, owner, tries = row[1], row[2], row[4]
    local entry = tries >= tonumber(most_tries) and redis.call('XRANGE', jobs, id, id)[1]
    local job = entry and fields(entry)
    if job and job.to == reply_to then
      redis.call('XACK', jobs, group, id)
      redis.call('XDEL', jobs, id)
      redis.call('XADD', graves, '*', 'run', job.run, 'index', job.index, 'tries', tries, 'worker', owner)
      redis.call('PEXPIRE', graves, keep_ms)
    end
    from = '(' .. id
  end
until #page < 100
return redis.call('XRANGE', graves, '(' .. told, '+')
