-- Takes back the jobs of one run among the next so many. Answers how many, and where to go on; at the end the rest goes, too.
-- KEYS: jobs, then whatever else the run has. ARGV as unpacked here.
local jobs = KEYS[1]
local group, reply_to, from = unpack(ARGV)
local page, withdrawn = redis.call('XRANGE', jobs, from, '+', 'COUNT', 500), 0
for _, entry in ipairs(page) do
  if fields(entry).to == reply_to then
    redis.call('XACK', jobs, group, entry[1])
    withdrawn = withdrawn + redis.call('XDEL', jobs, entry[1])
  end
end
if #page == 500 then return { withdrawn, '(' .. page[500][1] } end
redis.call('DEL', unpack(KEYS, 2))
return { withdrawn, '' }
