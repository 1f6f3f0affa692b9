-- Delivers the finished job's result and takes the next job, in one round trip.
-- KEYS: jobs. ARGV as unpacked here, then, after a lost reply, the ids of the jobs that this worker knows it holds.
local jobs = KEYS[1]
local group, worker, replies, lease_ms, most_tries, keep_ms, lapsed_ones = unpack(ARGV, 1, 7)
local finished, reply_to, message, answer_lost = unpack(ARGV, 8, 11)
local KNOWN_FROM = 12

-- The most expired jobs that one call removes: the server serves no other client meanwhile.
local MOST_SWEPT = 1000
local now = now_ns()

local function tell(run, ...)
  redis.call('XADD', replies .. run, '*', ...)
  redis.call('PEXPIRE', replies .. run, keep_ms)
end

local function forget(id)
  redis.call('XACK', jobs, group, id)
  redis.call('XDEL', jobs, id)
end

local function is_over(job)
  local deadline = tonumber(job.deadline)
  return deadline ~= nil and deadline < now
end

local function lend(id, job, attempt)
  return { id, job.to or '', job.job or '', attempt }
end

-- A job that was delivered to this worker in a reply that got lost.
local function lost()
  local known = {}
  for i = KNOWN_FROM, #ARGV do known[ARGV[i]] = true end
  for _, row in ipairs(redis.call('XPENDING', jobs, group, '-', '+', 100, worker)) do
    local id, attempt = row[1], row[4]
    local entry = not known[id] and redis.call('XCLAIM', jobs, group, worker, 0, id, 'RETRYCOUNT', attempt)[1]
    if entry then return lend(id, fields(entry), attempt) end
  end
end

local function waiting()
  for _ = 1, MOST_SWEPT do
    local read = redis.call('XREADGROUP', 'GROUP', group, worker, 'COUNT', 1, 'STREAMS', jobs, '>')
    if not read then return end
    local entry = read[1][2][1]
    local job = fields(entry)
    if not is_over(job) then return lend(entry[1], job, 1) end
    forget(entry[1])
  end
end

local function lapsed()
  local from, page = '-', nil
  repeat
    page = redis.call('XPENDING', jobs, group, 'IDLE', lease_ms, from, '+', 100)
    for _, row in ipairs(page) do
      local id, owner, tries = row[1], row[2], row[4]
      local entry = redis.call('XRANGE', jobs, id, id)[1]
      local job = entry and fields(entry)
      if not job or not job.deadline or is_over(job) then
        forget(id)
      elseif tries < tonumber(most_tries) then
        tell(job.to, 'run', job.run, 'index', job.index, 'from', owner)
        redis.call('XCLAIM', jobs, group, worker, 0, id)
        return lend(id, job, tries + 1)
      end
      from = '(' .. id
    end
  until #page < 100
end

-- The first result counts: a later one finds no pending job. The result is written before the job is deleted: a server that
-- is out of memory refuses writes, but not deletions.
if finished ~= '' and #redis.call('XPENDING', jobs, group, finished, finished, 1) == 1 then
  tell(reply_to, 'message', message)
  forget(finished)
end

if lapsed_ones == 'leaving' then return nil end

return answer_lost == '1' and lost()
  or lapsed_ones == 'first' and lapsed()
  or waiting()
  or lapsed_ones == 'last' and lapsed()
  or nil
