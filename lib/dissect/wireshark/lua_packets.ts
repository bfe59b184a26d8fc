/** The plugin's Lua for packets: the tables' fields added to Wireshark's tree, as `dissect_arcrtp.ts` makes nodes of them. */
export const LUA_PACKETS = String.raw`
local ONE_BYTE_PROFILE = 0xbede
local AEAD_TAG = 16
local HMAC_TAG = { ["hmac-sha256-80"] = 10, ["none"] = 0 }

local function add_bytes(name, tvb, from, to, tree)
  if from < to then tree:add(fields[name], tvb(from, to - from)) end
end

-- Adds the field whose part begins at byte "at", and remembers its value for the conditions of later ones.
local function add_field(spec, tvb, at, tree, values)
  local first_bit = 8 * at + spec.bit
  local first = math.floor(first_bit / 8)
  local range = tvb(first, math.floor((first_bit + spec.width + 7) / 8) - first)
  local value = range:bitfield(first_bit - 8 * first, spec.width)
  values[spec.name] = value
  local item = tree:add(fields[spec.name], range)
  if spec.step then item:append_text(string.format(" (%.6g %s)", value * spec.step, spec.unit)) end
  for _, member in ipairs(spec.members or {}) do add_field(member, tvb, at, item, values) end
end

-- Adds a part's fields as far as they are there. Answers the byte behind them, and true where the packet ends too early.
local function add_part(part, tvb, at, tree, values)
  local start = at
  for _, spec in ipairs(part.fields) do
    if spec.when == nil or (values[spec.when] or 0) ~= 0 then
      local last_bit = 8 * start + spec.bit + spec.width
      if last_bit > 8 * tvb:len() then return at, true end
      add_field(spec, tvb, start, tree, values)
      at = math.floor(last_bit / 8)
    end
  end
  return at, false
end

local function add_extension(tvb, at, tree, values)
  local last = at + 4 * values["arcrtp.ext.words"]
  if last > tvb:len() then return at, true end
  if values["arcrtp.ext.profile"] ~= ONE_BYTE_PROFILE then
    add_bytes("arcrtp.ext.data", tvb, at, last, tree)
    return last, false
  end
  while at < last do
    local element = at
    while element < last and tvb(element, 1):uint() == 0 do element = element + 1 end
    add_bytes("arcrtp.ext.padding", tvb, at, element, tree)
    if element == last then break end
    local id = tvb(element, 1):bitfield(0, 4)
    local value_end = element + 2 + tvb(element, 1):bitfield(4, 4)
    if id == 0 or id == 15 or value_end > last then
      add_bytes("arcrtp.ext.ignored", tvb, element, last, tree)
      break
    end
    local branch = tree:add(tvb(element, value_end - element), "Element " .. id)
    add_part(element_part, tvb, element, branch, values)
    local known = element_values[id]
    if known and known.width == 8 * (value_end - element - 1) then
      add_field(known, tvb, element, branch, values)
    else
      add_bytes("arcrtp.ext.value", tvb, element + 1, value_end, branch)
    end
    at = value_end
  end
  return last, false
end

-- Adds a full header. Answers the byte behind it, true where the packet ends too early, and the fields' values.
local function add_header(tvb, tree)
  local at, is_cut, values = 0, false, {}
  for _, part in ipairs(arcrtp_parts) do
    if not is_cut and (part.when == nil or (values[part.when] or 0) ~= 0) then
      for _ = 1, part.times and values[part.times] or 1 do
        if at >= tvb:len() then is_cut = true break end
        local branch = tree:add(tvb(at), part.label)
        local start = at
        at, is_cut = add_part(part, tvb, at, branch, values)
        if part.name == extension_name and not is_cut then at, is_cut = add_extension(tvb, at, branch, values) end
        branch:set_len(math.max(0, at - start))
        if is_cut then break end
      end
    end
  end
  return at, is_cut, values
end

-- Ciphertext and tags where it is known how the session protects its media.
local function add_payload(tvb, at, tree, authentication)
  local hmac_start = tvb:len() - (HMAC_TAG[authentication] or 0)
  local tag_start = hmac_start - AEAD_TAG
  if authentication == nil or tag_start < at then return add_bytes("arcrtp.payload", tvb, at, tvb:len(), tree) end
  add_bytes("arcsrtp.ciphertext", tvb, at, tag_start, tree)
  add_bytes("arcsrtp.tag", tvb, tag_start, hmac_start, tree)
  add_bytes("arcsrtp.hmac", tvb, hmac_start, tvb:len(), tree)
end

local function packet_info(values)
  return string.format("ssrc %08x seq %d ts %.0f pt %d Q%d PR%d K%d", values["arcrtp.ssrc"] or 0, values["arcrtp.seq"] or 0,
    values["arcrtp.timestamp"] or 0, values["arcrtp.pt"] or 0, values["arcrtp.quality"] or 0, values["arcrtp.priority"] or 0,
    values["arcrtp.key_phase"] or 0)
end

-- A compound that reads as RTCP to its last byte is plain.
local function is_plain_rtcp(tvb)
  local at = 0
  repeat
    if tvb:len() - at < 4 or tvb(at, 1):bitfield(0, 2) ~= 2 then return false end
    local kind = tvb(at + 1, 1):uint()
    if kind < 192 or kind > 223 then return false end
    at = at + 4 + 4 * tvb(at + 2, 2):uint()
  until at >= tvb:len()
  return at == tvb:len()
end

-- Where the index of SRTCP stands with this authentication; nil where it cannot.
local function srtcp_index_at(tvb, authentication)
  local at = tvb:len() - HMAC_TAG[authentication] - 4
  if at < 8 + AEAD_TAG or tvb(at, 1):bitfield(0, 1) ~= 1 then return nil end
  if tvb(at, 4):bitfield(1, 31) >= 2 ^ 24 then return nil end
  return at
end

local function add_rtcp(tvb, pinfo, tree, root, authentication)
  if is_plain_rtcp(tvb) then
    local at, packets = 0, 0
    while at < tvb:len() do
      local last = at + 4 + 4 * tvb(at + 2, 2):uint()
      add_part(clear_rtcp_part, tvb, at, tree, {})
      at, packets = last, packets + 1
    end
    Dissector.get("rtcp"):call(tvb, pinfo, root)
    return "RTCP"
  end
  for _, each in ipairs(authentication and { authentication } or { "hmac-sha256-80", "none" }) do
    local at = srtcp_index_at(tvb, each)
    if at then
      add_part(clear_rtcp_part, tvb, 0, tree, {})
      add_bytes("arcsrtp.ciphertext", tvb, 8, at - AEAD_TAG, tree)
      add_bytes("arcsrtp.tag", tvb, at - AEAD_TAG, at, tree)
      add_part(srtcp_index_part, tvb, at, tree, {})
      add_bytes("arcsrtp.hmac", tvb, at + 4, tvb:len(), tree)
      return string.format("SRTCP #%d ssrc %08x", tvb(at, 4):bitfield(1, 31), tvb(4, 4):uint())
    end
  end
  add_bytes("arcrtcp.malformed", tvb, 0, tvb:len(), tree)
  return "RTCP, malformed"
end
`;
