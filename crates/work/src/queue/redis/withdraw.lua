-- Deletes the run's jobs on the next page of the stream. Returns how many, and where the next page begins; after the last page,
-- deletes the run's other keys.
-- KEYS: jobs, then the run's other keys. ARGV as unpacked here.
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
