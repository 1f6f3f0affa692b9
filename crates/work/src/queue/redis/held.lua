-- Counts the run's jobs among the next so many, and answers where to go on. Where nothing looks lost it doesn't count: the bits
-- of the run are there, and the stream has as many jobs as are expected.
-- KEYS: jobs, the bits. ARGV as unpacked here.
local jobs, bits = KEYS[1], KEYS[2]
local reply_to, expected, from = unpack(ARGV)
if redis.call('EXISTS', bits) == 1 and redis.call('XLEN', jobs) >= tonumber(expected) then return { expected, '' } end
local page, held = redis.call('XRANGE', jobs, from, '+', 'COUNT', 500), 0
for _, entry in ipairs(page) do
  if fields(entry).to == reply_to then held = held + 1 end
end
return { held, #page == 500 and '(' .. page[500][1] or '' }
