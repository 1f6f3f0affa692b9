-- Prepended to each script that reads jobs, since scripts can't call each other.

-- The fields of a stream's entry, by name.
local function fields(entry)
  local named = {}
  for i = 1, #entry[2], 2 do named[entry[2][i]] = entry[2][i + 1] end
  return named
end

-- The server's clock in nanoseconds, exact to a microsecond. A Lua number holds no more.
local function now_ns()
  local time = redis.call('TIME')
  return time[1] * 1e9 + time[2] * 1e3
end

-- Makes the key live for at least this many milliseconds more.
local function outlive(key, ms)
  if redis.call('PTTL', key) < ms then redis.call('PEXPIRE', key, string.format('%.0f', ms)) end
end
