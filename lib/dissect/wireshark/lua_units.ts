/** The plugin's Lua for units and where they are found: UDP, framed TCP, WebSocket. */
export const LUA_UNITS = String.raw`
local function kind_of(tvb)
  local first = tvb(0, 1):uint()
  if first <= 0x03 then return "stun" end
  if first >= 0x14 and first <= 0x3f then return "dtls" end
  if first == 0x7b then return "json" end
  if first >= 0xc0 then return "reduced" end
  if first < 0x80 then return "unknown" end
  local second = tvb:len() > 1 and tvb(1, 1):uint() or 0
  return second >= 192 and second <= 223 and "rtcp" or "arcrtp"
end

-- What a packet needs of the state, worked out when it is seen first.
local function remembered(what, tvb, pinfo, work_out)
  local key = what .. pinfo.number .. "/" .. tvb:offset()
  if not pinfo.visited or state.memo[key] == nil then state.memo[key] = work_out() or false end
  return state.memo[key] or nil
end

local function add_unit(tvb, pinfo, root)
  local kind = kind_of(tvb)
  if kind == "stun" or kind == "dtls" then return Dissector.get(kind):call(tvb, pinfo, root) end
  if kind == "unknown" then return 0 end
  pinfo.cols.protocol = "ArcRTC"
  local tree = root:add(arcrtc, tvb())
  local flow = flow_of(pinfo)
  local info
  if kind == "json" then
    local node, is_sealed
    info, node, is_sealed = add_message(tvb, 0, tvb:len(), tree)
    if node and not pinfo.visited then
      learn(node)
      local session = value_of(node, "session_id")
      if is_sealed and state.sessions[session] then flow.pair.session = session end
    end
  elseif kind == "rtcp" then
    local authentication = remembered("keys", tvb, pinfo, function()
      return tvb:len() >= 8 and authentication_of(tvb(4, 4):uint(), flow)
    end)
    info = add_rtcp(tvb, pinfo, tree, root, authentication)
  elseif kind == "arcrtp" then
    local at, is_cut, values = add_header(tvb, tree)
    if is_cut then
      add_bytes("arcrtp.undissected", tvb, at, tvb:len(), tree)
      info = "ArcRTP, too short"
    else
      local authentication = remembered("keys", tvb, pinfo, function()
        follow(flow, values)
        return authentication_of(values["arcrtp.ssrc"], flow)
      end)
      add_payload(tvb, at, tree, authentication)
      info = packet_info(values)
    end
  else
    local branch = tree:add(tvb(0, math.min(4, tvb:len())), reduced_part.label)
    local at, is_cut = add_part(reduced_part, tvb, 0, branch, {})
    local header = remembered("full", tvb, pinfo, function() return expand(tvb, flow) end)
    if is_cut then
      add_bytes("arcrtp.undissected", tvb, at, tvb:len(), tree)
      info = "reduced header, too short"
    elseif header then
      local full = ByteArray.new(header):tvb("Full header")
      local _, _, values = add_header(full, tree)
      add_payload(tvb, at, tree, authentication_of(values["arcrtp.ssrc"], flow))
      info = "reduced " .. packet_info(values)
    else
      add_payload(tvb, at, tree, nil)
      info = "reduced, its context is not known"
    end
  end
  pinfo.cols.info = info
  return tvb:len()
end

function arcrtc.dissector(tvb, pinfo, root)
  if tvb:len() == 0 then return 0 end
  return add_unit(tvb, pinfo, root)
end

-- A message's first key, or a packet whose Arc block is as it must be: what plain RTP has there is seldom like it.
local function looks_like_json(tvb)
  return tvb:len() > 10 and tvb:raw(0, math.min(tvb:len(), 4096)):find('"type"%s*:%s*"[A-Z][A-Z_]+"') ~= nil
end

local function looks_like_arcrtp(tvb)
  if tvb:len() < 16 then return false end
  local payload_type = tvb(1, 1):bitfield(1, 7)
  local at = 12 + 4 * tvb(0, 1):bitfield(4, 4)
  if tvb(0, 1):bitfield(3, 1) == 1 then
    if at + 4 > tvb:len() then return false end
    at = at + 4 + 4 * tvb(at + 2, 2):uint()
  end
  if at + 4 > tvb:len() or (payload_type >= 64 and payload_type <= 95) then return false end
  local flags = tvb(at + 1, 1):uint()
  return tvb(at, 1):bitfield(6, 2) == 0 and flags <= 3 and (flags % 2 == 1 or tvb(at + 2, 2):uint() == 0)
end

-- Packets that nothing else speaks for are taken once others of the conversation were ours.
local function is_ours(tvb, pinfo)
  local kind = kind_of(tvb)
  if kind == "json" then return looks_like_json(tvb) end
  local pair = flow_of(pinfo).pair
  if kind == "reduced" or kind == "rtcp" then return pair.score > 0 end
  if kind ~= "arcrtp" then return false end
  if looks_like_arcrtp(tvb) then return true end
  pair.score = pair.score - 8
  return false
end

local function udp_heuristic(tvb, pinfo, root)
  if tvb:len() < 4 then return false end
  local is_unit = remembered("ours", tvb, pinfo, function() return is_ours(tvb, pinfo) end)
  if not is_unit then return false end
  if not pinfo.visited then
    local pair = flow_of(pinfo).pair
    pair.score = pair.score + 1
  end
  add_unit(tvb, pinfo, root)
  return true
end

local framed = Proto("arcrtc_framed", "ArcRTC units on a stream (RFC 4571)")
framed.fields.length = ProtoField.uint16("arcrtc.framed.length", "Length of the unit")

local function add_framed(tvb, pinfo, root)
  root:add(framed, tvb(0, 2)):add(framed.fields.length, tvb(0, 2))
  if tvb:len() > 2 then add_unit(tvb(2):tvb(), pinfo, root) end
  return tvb:len()
end

function framed.dissector(tvb, pinfo, root)
  dissect_tcp_pdus(tvb, root, 2, function(head) return 2 + head(0, 2):uint() end, add_framed)
  return tvb:len()
end

local function tcp_heuristic(tvb, pinfo, root)
  if tvb:len() < 4 or tvb(0, 2):uint() < 2 then return false end
  local unit = tvb(2):tvb()
  local is_message = unit(0, 1):uint() == 0x7b and unit(1, 1):uint() == 0x22
  local is_media = kind_of(unit) == "arcrtp" and looks_like_arcrtp(unit)
  if not is_message and not is_media then return false end
  pinfo.conversation = framed
  framed.dissector(tvb, pinfo, root)
  return true
end

local function websocket_heuristic(tvb, pinfo, root)
  if tvb:len() < 2 then return false end
  local first = tvb(0, 1):uint()
  if first == 0x7b then
    if not looks_like_json(tvb) then return false end
    add_unit(tvb, pinfo, root)
    return true
  end
  local parts = first == 0x5b and phoenix_parts(tvb:raw(0, tvb:len()))
  if not parts then return false end
  pinfo.cols.protocol = "ArcRTC"
  local info, node = add_phoenix(tvb, parts, root:add(arcrtc, tvb()))
  if node and not pinfo.visited then learn(node) end
  pinfo.cols.info = info
  return true
end

arcrtc:register_heuristic("udp", udp_heuristic)
framed:register_heuristic("tcp", tcp_heuristic)
arcrtc:register_heuristic("ws", websocket_heuristic)
-- A relay's port is STUN's, whose dissector takes JSON for channel data.
DissectorTable.get("udp.port"):add(3478, arcrtc)
DissectorTable.get("tcp.port"):add(3478, framed)
DissectorTable.get("tcp.port"):add_for_decode_as(framed)
`;
