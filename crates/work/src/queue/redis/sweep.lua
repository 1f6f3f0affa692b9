-- Deletes jobs of dead runs on the next page of the stream. Returns how many, and where the next page begins.
-- KEYS: jobs, peers. ARGV as unpacked here; `own` is the prefix of a run's other keys.
local jobs, peers = KEYS[1], KEYS[2]
local group, lease_ms, own, from = unpack(ARGV)
local now_ms, page, swept = now_ns() / 1e6, redis.call('XRANGE', jobs, from, '+', 'COUNT', 500), 0
for _, entry in ipairs(page) do
  local run = fields(entry).to or ''
  local heard_ms = (redis.call('HGET', peers, run:match('^(.*):') or run) or ''):match('^(%d+) ')
  if not heard_ms or now_ms - heard_ms > tonumber(lease_ms) then
    redis.call('XACK', jobs, group, entry[1])
    redis.call('XDEL', jobs, entry[1])
    redis.call('DEL', own .. 'replies:' .. run, own .. 'enqueued:' .. run, own .. 'buried:' .. run)
    swept = swept + 1
  end
end
return { swept, #page == 500 and '(' .. page[500][1] or '' }
