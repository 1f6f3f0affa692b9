# The keys of documents that JSON Schemas describe, as tables in Markdown: a section for each table (TOML) or object (JSON).
#
#   jq -r -n -f tools/reference.jq --arg style toml SCHEMA
#   jq -r -n -f tools/reference.jq --arg style json SCHEMA...
#
# A table that stands in several places has a section at the first of them, and links from the others.

# What $ref leads to. What stands beside it, such as a description, wins; keys of both are keys.
def resolved($root):
  if has("$ref") then
    (.["$ref"] | ltrimstr("#/") | split("/")) as $to
    | ($root | getpath($to) | resolved($root)) as $there
    | del(.["$ref"])
    | $there + . + (if has("properties") then {properties: (.properties + $there.properties), required: (.required + $there.required)} else {} end)
  else . end;

# The keys of a table, in the order in which they are written if all of them always are: `required` has it.
def keys_in_order: (.required // []) as $required
  | .properties // {} | to_entries
  | if all(.[]; .key | IN($required[])) then sort_by(.key as $key | $required | index($key)) else . end;

# The alternatives that are tables of one key each: [workload.fetch] or [workload.gunzip].
def tagged: (.oneOf // .anyOf // []) | length > 0 and all(.[]; .properties | length == 1);
def merged: if tagged then {properties: ((.oneOf // .anyOf) | map((.description // "") as $means
    | .properties | map_values(if $means == "" then . else .description = $means end)) | add), description} else . end;

# The place of an alternative, by the word that tells it from the others: "ended" of {"event": "ended", ...}.
def alternative($at):
  ([.properties // {} | .[] | .const | strings][0]) as $word
  | if $word == null then $at elif $at == "" then $word else "\($at) (\($word))" end;

# The tables in the value of a key: {at, name, schema}. `name` is the definition's.
def tables($root; $at):
  (.["$ref"] // null) as $name
  # A table has its own description. That of the key stands in the key's row.
  | resolved($root) + (if $name != null then {"$ref": $name} | resolved($root) | {description} else {} end)
  | if has("items") then .items | tables($root; $at + "[]")
    elif tagged or has("properties") then {at: $at, name: $name, schema: merged}
    elif has("anyOf") or has("oneOf") then (.anyOf // .oneOf)[] | tables($root; alternative($at))
    elif (.additionalProperties | type) == "object" then .additionalProperties | tables($root; $at + ".NAME")
    else empty end;

def sections:
  . as $root
  | {queue: [{at: "", name: null, schema: .}], out: []}
  | until(.queue == [];
      .queue[0] as $this | .queue |= .[1:]
      | if $this.name != null and any(.out[]; .name == $this.name) then .
        else .out += [$this]
          | .queue = ([if $this.at == "" and ($this.schema | has("properties") | not) then $root | del(.["$ref"]) | tables($root; "") else empty end]
            + [$this.schema | keys_in_order[] | .key as $key
              | .value | tables($root; (if $this.at == "" then $key else "\($this.at).\($key)" end))] + .queue)
        end)
  | .out;

def heading($style; $title):
  if $style == "toml" then
    if .at == "" then "Top level"
    else (.at | gsub("\\[\\]"; "")) as $table | if .at | endswith("[]") then "`[[\($table)]]`" else "`[\($table)]`" end end
  elif .at == "" then $title else "\($title): \(.at)" end;
def anchor: ascii_downcase | gsub("[^a-z0-9_ -]"; "") | gsub(" "; "-");
def cell: tostring | gsub("\\|"; "\\|") | gsub("\\s*\\n\\s*"; " ");
def code: "`\(cell)`";
# A value as the document has it.
def value($style): if type == "array" and $style == "toml" then "[" + (map(tojson) | join(", ")) + "]" else tojson end;

def unit:
  if test("(^|_)bytes_per_s$") then "bytes/s" elif test("(^|_)per_s$") then "1/s" elif test("_s$") then "s" elif test("_ns$") then "ns"
  elif test("_ms$") then "ms" elif test("_mb$") then "MB" elif test("(^|_)bytes$") then "bytes" elif test("_percent$") then "%" else "" end;

# The type in words, with a link to the section of each table in it. `at` is the key's place.
def kind($root; $style; $sections; $title; $at):
  (if $style == "toml" then "table" else "object" end) as $table
  | (.["$ref"] // null) as $name
  | ([$sections[] | select(.at == $at or ($name != null and .name == $name))][0]) as $section
  | resolved($root)
  | if $section != null and (tagged or has("properties")) then
      (if .type | type == "array" and any(.[]; . == "null") then " or null" else "" end) as $or_null
      | $section | heading($style; $title) | "[\($table)](#\(anchor))\($or_null)"
    elif has("const") then .const | tojson | code
    elif has("enum") then .enum | map(tojson | code) | join(" or ")
    elif has("anyOf") or has("oneOf") then
      [(.anyOf // .oneOf)[] | kind($root; $style; $sections; $title; alternative($at))] | reduce .[] as $one ([]; if any(.[]; . == $one) then . else . + [$one] end) | sort_by(. == "null") | join(" or ")
    elif has("items") then
      "list of " + (.items | kind($root; $style; $sections; $title; $at + "[]")) + (if .type | type == "array" then " or null" else "" end)
    elif (.additionalProperties | type) == "object" then
      "\($table) of " + (.additionalProperties | kind($root; $style; $sections; $title; $at + ".NAME"))
    elif (.type | type) == "array" then .type | join(" or ")
    elif .type == "object" then $table
    else .type // "any" end;

# What each of a key's words means, if the schema says so.
def words($root):
  resolved($root) | if .type == "array" then .items | resolved($root) else . end
  | [(.oneOf // .anyOf // [])[] | select(has("const") and has("description")) | "\(.const | tojson | code): \(.description)"]
  | if . == [] then "" else " " + join(" ") end;

def rows($root; $style; $sections; $title):
  .schema as $schema
  | .at as $at
  | $schema | keys_in_order[] | .key as $key
  | (any(($schema.required // [])[]; . == $key)) as $required
  | (if $required then "required" elif .value.default | type | . == "null" or . == "object" then "" else .value.default | value($style) | code end) as $default
  | (.value | kind($root; $style; $sections; $title; (if $at == "" then $key else "\($at).\($key)" end))) as $kind
  | "\(.value | resolved($root) | .description // "")\(.value | words($root))" as $means
  | if $style == "toml"
    then "| \($key | code) | \($kind) | \($key | unit) | \($default) | \(if .value | has("examples") then .value.examples[0] | value($style) | code else "" end) | \($means | cell) |"
    else "| \($key | code) | \($kind)\(if $required then "" else ", optional" end) | \($key | unit) | \($means | cell) |" end;

[inputs][]
| . as $root
| (.title // "" | sub("^makespan\\."; "") | sub("/.*"; "")) as $title
| sections as $sections
| $sections[]
| "\(if $style == "json" and .at == "" then "##" else "###" end) \(heading($style; $title))", "",
  (.schema.description // "" | if . == "" then empty else cell, "" end),
  (if (.schema.properties // {}) == {} then empty
   elif $style == "toml" then "| key | type | unit | default | example | meaning |", "|---|---|---|---|---|---|"
   else "| field | type | unit | meaning |", "|---|---|---|---|" end),
  rows($root; $style; $sections; $title), ""
