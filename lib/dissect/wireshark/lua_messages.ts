/** The plugin's Lua for messages: JSON read with the places of its values, sealed or not, and Phoenix frames around it. */
export const LUA_MESSAGES = String.raw`
local SEAL_OVERHEAD = 23
local MAX_DEPTH = 32

local function utf8_of(code)
  if code < 0x80 then return string.char(code) end
  local rest, lead = {}, { 0, 0xc0, 0xe0, 0xf0 }
  local count = code < 0x800 and 2 or code < 0x10000 and 3 or 4
  for i = count, 2, -1 do
    rest[i] = string.char(0x80 + code % 64)
    code = math.floor(code / 64)
  end
  rest[1] = string.char(lead[count] + code)
  return table.concat(rest)
end

local ESCAPES = { b = "\b", f = "\f", n = "\n", r = "\r", t = "\t", ['"'] = '"', ["\\"] = "\\", ["/"] = "/" }

-- The string that begins with the quote at "at". Answers its value and the place behind it; nil where it is none.
local function read_string(text, at)
  local parts = {}
  at = at + 1
  while true do
    local stop = text:find('["\\]', at)
    if not stop then return nil end
    parts[#parts + 1] = text:sub(at, stop - 1)
    if text:byte(stop) == 0x22 then return table.concat(parts), stop + 1 end
    local escape = text:sub(stop + 1, stop + 1)
    if escape == "u" then
      local code = tonumber(text:match("^%x%x%x%x", stop + 2) or "", 16)
      if not code then return nil end
      at = stop + 6
      local low = tonumber(text:match("^\\u(%x%x%x%x)", at) or "", 16)
      if code >= 0xd800 and code < 0xdc00 and low and low >= 0xdc00 and low < 0xe000 then
        code = 0x10000 + (code - 0xd800) * 0x400 + (low - 0xdc00)
        at = at + 6
      end
      parts[#parts + 1] = utf8_of(code)
    else
      if not ESCAPES[escape] then return nil end
      parts[#parts + 1] = ESCAPES[escape]
      at = stop + 2
    end
  end
end

local WORDS = { ["true"] = true, ["false"] = false, ["null"] = "null" }

-- The value at "at": { kind, first, last, value | items = { { key, node } } } and the place behind it; nil where there is none.
local function read_value(text, at, depth)
  at = text:find("[^ \t\r\n]", at)
  if not at or depth > MAX_DEPTH then return nil end
  local open = text:sub(at, at)
  if open == '"' then
    local value, after = read_string(text, at)
    if not value then return nil end
    return { kind = "text", first = at, last = after - 1, value = value }, after
  end
  if open ~= "{" and open ~= "[" then
    local word = text:match("^%l+", at)
    if word and WORDS[word] ~= nil then
      local kind = word == "null" and "text" or "bool"
      return { kind = kind, first = at, last = at + #word - 1, value = WORDS[word] }, at + #word
    end
    local number = text:match("^-?%d[%d.eE+-]*", at)
    if not number or not tonumber(number) then return nil end
    return { kind = "number", first = at, last = at + #number - 1, value = tonumber(number) }, at + #number
  end
  local node = { kind = open == "{" and "object" or "list", first = at, items = {} }
  local close = open == "{" and "}" or "]"
  at = text:find("[^ \t\r\n]", at + 1)
  if at and text:sub(at, at) == close then
    node.last = at
    return node, at + 1
  end
  while at do
    local key
    if open == "{" then
      if text:sub(at, at) ~= '"' then return nil end
      key, at = read_string(text, at)
      at = key and text:match("^[ \t\r\n]*:()", at)
      if not at then return nil end
    end
    local member, after = read_value(text, at, depth + 1)
    if not member then return nil end
    node.items[#node.items + 1] = { key = key, node = member }
    at = text:find("[^ \t\r\n]", after)
    local mark = at and text:sub(at, at)
    if mark == close then
      node.last = at
      return node, at + 1
    end
    if mark ~= "," then return nil end
    at = text:find("[^ \t\r\n]", at + 1)
  end
  return nil
end

-- A member of an object; nil where it is none.
local function member_of(node, key)
  for _, item in ipairs(node and node.items or {}) do if item.key == key then return item.node end end
  return nil
end

local function value_of(node, key)
  local member = member_of(node, key)
  return member and member.value
end

local function add_json(node, name, label, tvb, offset, tree)
  local range = tvb(offset + node.first - 1, node.last - node.first + 1)
  if node.items then
    local branch = name == "arcsig" and tree or tree:add(range, label)
    for i, item in ipairs(node.items) do
      add_json(item.node, name .. "." .. (item.key or "item"), item.key or "[" .. (i - 1) .. "]", tvb, offset, branch)
    end
  elseif fields[name] then
    tree:add(fields[name], range, node.value)
  else
    tree:add(range, label .. ": " .. tostring(node.value))
  end
end

-- Adds a message that stands at "offset", with its seal. Answers what it says, for the packet list, its node, and whether it is sealed.
local function add_message(tvb, offset, length, tree)
  local text = tvb:raw(offset, length)
  local json_length = length
  local is_sealed = length > SEAL_OVERHEAD and text:byte(length - SEAL_OVERHEAD + 1) == 0
  if is_sealed then json_length = length - SEAL_OVERHEAD end
  local node, after = read_value(text:sub(1, json_length), 1, 0)
  if not node or node.kind ~= "object" or text:sub(after, json_length):find("[^ \t\r\n]") then
    add_bytes("arcsig.malformed", tvb, offset, offset + length, tree)
    return "message, malformed", nil
  end
  add_json(node, "arcsig", "Message", tvb, offset, tree)
  if is_sealed then
    local seal = tree:add(tvb(offset + json_length, SEAL_OVERHEAD), "Seal")
    seal:add(fields["seal.counter"], tvb(offset + json_length + 1, 6))
    seal:add(fields["seal.tag"], tvb(offset + json_length + 7, SEAL_OVERHEAD - 7))
  end
  return tostring(value_of(node, "type")) .. (is_sealed and " sealed" or ""), node, is_sealed
end

-- [join_ref, ref, topic, event, payload]; the message is the payload, or the response of a reply that refuses one.
local function phoenix_parts(text)
  local frame, after = read_value(text, 1, 0)
  if not frame or frame.kind ~= "list" or #frame.items ~= 5 or text:sub(after):find("[^ \t\r\n]") then return nil end
  local parts = { ref = frame.items[2].node, topic = frame.items[3].node, event = frame.items[4].node }
  if parts.topic.kind ~= "text" or parts.event.kind ~= "text" then return nil end
  local payload = frame.items[5].node
  if parts.event.value == "phx_reply" then
    parts.status = member_of(payload, "status")
    payload = member_of(payload, "response")
  end
  if type(value_of(payload, "type")) == "string" then parts.message = payload end
  return parts
end

local function add_phoenix(tvb, parts, tree)
  for _, name in ipairs({ "topic", "event", "ref", "status" }) do
    local node = parts[name]
    if node and node.kind == "text" and node.value ~= "null" then
      tree:add(fields["phoenix." .. name], tvb(node.first - 1, node.last - node.first + 1), node.value)
    end
  end
  if not parts.message then return parts.event.value, nil end
  return add_message(tvb, parts.message.first - 1, parts.message.last - parts.message.first + 1, tree)
end
`;
