-- Counts the run's jobs on the next page of the stream, and returns the count and where the next page begins. Skips counting if
-- nothing looks lost: the run's bits exist, and the stream has at least as many jobs as expected.
-- KEYS: jobs, bits. ARGV as unpacked here.
local jobs, bits = KEYS[1], KEYS[2]
local reply_to, expected, from = unpack(ARGV)
if redis.call('EXISTS', bits) == 1 and redis.call('XLEN', jobs) >= tonumber(expected) then return { expected, '' } end
local page, held = redis.call('XRANGE', jobs, from, '+', 'COUNT', 500), 0
for _, entry in ipairs(page) do
  if fields(entry).to == reply_to then held = held + 1 end
end
return { held, #page == 500 and '(' .. page[500][1] or '' }
