/** The plugin's Lua for what units tell of one another: sessions, their SSRCs and protection, and reduced headers made full. */
export const LUA_STATE = String.raw`
-- What signaling has told so far. Wireshark dissects packets again and again, in any order, but each of them first in the
-- order of the capture: what a packet needed then is kept for it.
local state
local function forget()
  state = { sessions = {}, ssrcs = {}, flows = {}, memo = {}, has_contexts = false }
end
forget()
function arcrtc.init() forget() end

local function learn(node)
  local kind, session = value_of(node, "type"), value_of(node, "session_id")
  if type(session) ~= "string" then return end
  if kind == "CONNECT_ACK" and value_of(node, "accepted") == true then
    local authentication = value_of(member_of(node, "encryption"), "authentication")
    state.sessions[session] = { authentication = HMAC_TAG[authentication] and authentication or "hmac-sha256-80" }
  elseif kind == "STREAM_START" then
    local ssrc = value_of(node, "ssrc")
    local stream = { session = session, contexts = {} }
    local function own(number) if type(number) == "number" then state.ssrcs[number] = stream end end
    own(ssrc)
    own(value_of(node, "rtcp_ssrc"))
    if value_of(node, "stream_type") == "both" and type(ssrc) == "number" then own((ssrc + 1) % 2 ^ 32) end
    for _, list in ipairs({ "rtx", "fec" }) do
      for _, item in ipairs((member_of(node, list) or {}).items or {}) do own(value_of(item.node, "ssrc")) end
    end
    for _, item in ipairs((member_of(node, "reduced_header") or {}).items or {}) do
      local context = {}
      for _, name in ipairs({ "context_id", "ssrc", "payload_type", "quality" }) do context[name] = value_of(item.node, name) end
      if context.context_id and context.ssrc and context.payload_type and context.quality then
        stream.contexts[#stream.contexts + 1] = context
        state.has_contexts = true
      end
    end
  end
end

local function flow_key(src, src_port, dst, dst_port)
  return string.format("%s:%d>%s:%d", tostring(src), src_port, tostring(dst), dst_port)
end

-- What is remembered of one direction of a conversation; "pair" is of both.
local function flow_of(pinfo)
  local key = flow_key(pinfo.src, pinfo.src_port, pinfo.dst, pinfo.dst_port)
  local flow = state.flows[key]
  if not flow then
    local back = state.flows[flow_key(pinfo.dst, pinfo.dst_port, pinfo.src, pinfo.src_port)]
    flow = { slots = {}, references = {}, pair = back and back.pair or { score = 0, session = nil } }
    state.flows[key] = flow
  end
  return flow
end

-- How the session of the SSRC protects its media; where nothing announced the SSRC, the session of the conversation.
local function authentication_of(ssrc, flow)
  local stream = state.ssrcs[ssrc]
  local session = state.sessions[stream and stream.session or flow.pair.session]
  return session and session.authentication
end

-- The number nearest to "reference" whose remainder by "span" is "low".
local function nearest(low, reference, span)
  local value = reference - reference % span + low
  if value - reference >= span / 2 then value = value - span end
  if reference - value > span / 2 then value = value + span end
  return value
end

local function move_to(reference, sequence, timestamp)
  if (sequence - reference.sequence) % 0x10000 >= 0x8000 then return end
  reference.sequence, reference.timestamp = sequence, timestamp
end

local function follow(flow, values)
  local ssrc = values["arcrtp.ssrc"]
  local stream = state.ssrcs[ssrc]
  if not stream or not state.has_contexts then return end
  flow.pair.session = stream.session
  local sequence, timestamp = values["arcrtp.seq"], values["arcrtp.timestamp"]
  local reference = flow.references[ssrc]
  if not reference then
    reference = { sequence = sequence, timestamp = timestamp }
    flow.references[ssrc] = reference
  end
  for _, context in ipairs(stream.contexts) do
    if context.ssrc == ssrc then flow.slots[context.context_id] = { context = context, reference = reference } end
  end
  move_to(reference, sequence, timestamp)
  reference.key_phase = values["arcrtp.key_phase"]
end

-- The full header of a reduced one as hexadecimal digits; nil where its context is not known.
local function expand(tvb, flow)
  if tvb:len() < 4 then return nil end
  local slot = flow.slots[tvb(0, 1):bitfield(5, 3)]
  if not slot then return nil end
  local context, reference = slot.context, slot.reference
  local sequence = nearest(tvb(1, 1):uint(), reference.sequence, 0x100) % 0x10000
  local timestamp = nearest(tvb(2, 2):uint(), reference.timestamp, 0x10000) % 2 ^ 32
  move_to(reference, sequence, timestamp)
  local block = context.quality * 64 + tvb(0, 1):bitfield(3, 2) * 16 + reference.key_phase * 4
  return string.format("80%02x%04x%04x%04x%08x%02x000000", tvb(0, 1):bitfield(2, 1) * 128 + context.payload_type, sequence,
    math.floor(timestamp / 0x10000), timestamp % 0x10000, context.ssrc, block)
end
`;
