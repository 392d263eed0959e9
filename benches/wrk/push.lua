-- Pushes as GitLab sends them: every request another project and a key of its own.
-- Arguments: the body's file (`@@@@@@` stands for the project), how many webhooks, a word that
-- tells this run's keys from others', and the addresses, given to the threads in turn.

local threads = {}

function setup(thread)
   thread:set("number", #threads)
   table.insert(threads, thread)
end

local function split(text, mark)
   local parts, from = {}, 1
   while true do
      local at, past = text:find(mark, from, true)
      if not at then
         parts[#parts + 1] = text:sub(from)
         return parts
      end
      parts[#parts + 1] = text:sub(from, at - 1)
      from = past + 1
   end
end

function init(args)
   local file = assert(io.open(args[1], "rb"))
   pieces = split(file:read("*a"), "@@@@@@")
   file:close()
   webhooks, run = tonumber(args[2]), args[3]
   local url = args[4 + number % (#args - 3)]
   local host, port, path = url:match("^http://([^:/]+):(%d+)(/.*)$")
   wrk.thread.addr = wrk.lookup(host, port)[1]
   math.randomseed(os.time() * 1000 + number * 7919 + #run)
   local length = (#pieces - 1) * 6
   for _, piece in ipairs(pieces) do length = length + #piece end
   head = "POST " .. path .. " HTTP/1.1\r\nHost: " .. host .. ":" .. port
      .. "\r\nContent-Type: application/json\r\nUser-Agent: GitLab/18.6.0"
      .. "\r\nX-Gitlab-Event: Push Hook\r\nX-Gitlab-Instance: https://gitlab.example.com"
      .. "\r\nContent-Length: " .. length .. "\r\nX-Gitlab-Token: token-"
   count = 0
end

function request()
   count = count + 1
   local project = tostring(100000 + math.random(webhooks))
   -- As random as GitLab's, and never twice.
   local key = string.format("%08x-%s-%x-%x", math.random(0, 0xffffffff), run, number, count)
   return head .. project .. "\r\nX-Gitlab-Webhook-UUID: " .. key
      .. "\r\nX-Gitlab-Event-UUID: " .. key .. "\r\nIdempotency-Key: " .. key
      .. "\r\n\r\n" .. table.concat(pieces, project)
end

function done(summary, latency)
   local errors = summary.errors
   local failures = errors.connect + errors.read + errors.write + errors.status + errors.timeout
   io.write(string.format(
      'RESULT {"requests": %d, "seconds": %f, "failures": %d, "p50_ms": %f, "p99_ms": %f}\n',
      summary.requests, summary.duration / 1e6, failures,
      latency:percentile(50) / 1e3, latency:percentile(99) / 1e3))
end
