# What was found, as a table in Markdown, from findings that `makespan report --json` wrote.
#
#   jq -r -f tools/found.jq FINDINGS

# With two digits after the point, as on the page.
def hundredths: (. * 100 | round) as $all | "\($all / 100 | floor).\($all % 100 | if . < 10 then "0\(.)" else tostring end)";
def shown: .measured | "\(.estimate | hundredths)\u00d7 (\(.low | hundredths)\u2013\(.high | hundredths))";
# The first measured figure of the claim whose name matches.
def figure($id; $name):
  first(.claims[] | select(.id == $id) | .figures[] | select(.measured != null and (.name | test($name)))) // null;
def row($work; $id; $name; $says):
  figure($id; $name)
  | "| \($work) | \($says) | \(if . == null then "not measured" elif .verdict == "undecided" then "\(shown), undecided" else shown end) | \($id) |";

"| | compared | ratio, with its interval | claim |",
"|---|---|---|---|",
row("Waiting"; "000-3"; "^speedup of 5 threads$"; "speedup of five threads over a loop, thirty requests"),
row("Computing"; "002-5"; "threads of Rust"; "speedup of two threads on two cores, in Rust"),
row("The lock"; "002-5"; "threads of Python|simulated"; "speedup of two threads over a loop, in Python"),
row("Python without the lock"; "001-16"; "without the lock$"; "the same in a free-threaded build"),
row("Processes"; "002-6"; "processes of Python|^speedup of 2 processes$"; "speedup of two processes over a loop, in Python"),
row("Async"; "001-15"; "^async over threads"; "speedup of a thousand requests in flight over a thousand threads"),
row("Too many workers"; "002-10"; "1,024 tasks"; "time of 16 processes on two cores, relative to the best number"),
row("A job queue"; "001-9"; "on a queue"; "speedup of eight workers over a loop, through a queue in a file")
