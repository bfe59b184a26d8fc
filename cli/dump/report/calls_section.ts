/** Each session as a ladder, with what it agreed on. */
import type { Call } from "../../../lib/dissect/analysis/call_ladder.ts";
import type { SessionRegistry, StreamEntry } from "../../../lib/dissect/model/session_registry.ts";
import { type Html, html } from "../../../lib/html/html.ts";
import { sequenceChart } from "../../../lib/html/sequence_chart.ts";
import { columnsOf } from "../call_columns.ts";

const MAX_CALLS = 16;
const MAX_STEPS = 300;

export function callsBody(calls: readonly Call[], registry: SessionRegistry): Html {
  if (calls.length === 0) {
    return html`
      <div class="card">
        <p class="soft">No session's signaling or media is known.</p>
      </div>
    `;
  }
  return html`${calls.slice(0, MAX_CALLS).map((call) => callCard(call, registry))}${
    calls.length > MAX_CALLS &&
    html`<p class="soft">... and ${calls.length - MAX_CALLS} more: arcrtc dump --calls has them.</p>`
  }`;
}

function callCard(call: Call, registry: SessionRegistry): Html {
  const { sessionId, session, steps, furtherSteps } = call;
  const { labels, indexOf } = columnsOf(call);
  const shown = steps.slice(0, MAX_STEPS);
  const more = steps.length - shown.length + furtherSteps;
  const who = [
    session?.caller === undefined ? "" : `caller ${session.caller}`,
    session?.callee === undefined ? "" : `callee ${session.callee}`,
    session?.suite === undefined ? "" : `${session.suite}, ${session.authentication}`,
  ].filter((part) => part !== "");
  return html`
    <article class="card">
    <h3>Session <code>${sessionId}</code></h3>
    <p class="soft">${who.join("; ")}</p>
    ${sequenceChart({
      title: `Ladder of session ${sessionId}`,
      lanes: labels,
      steps: shown.map((step) => ({
        time: step.timeS.toFixed(3),
        packet: step.packet,
        from: indexOf(step.source),
        to: indexOf(step.destination),
        label: `${step.what}${step.count > 1 ? ` x${step.count}` : ""}`,
        about: step.about,
        isMedia: step.kind === "media",
      })),
    })}${more > 0 && html`<p class="soft">... and ${more} more steps: arcrtc dump --calls has them.</p>`}
    <ul>${[...session?.streams.values() ?? []].map((stream) => streamItem(stream, registry))}</ul>
    </article>
  `;
}

function streamItem({ id, start, ssrcs }: StreamEntry, registry: SessionRegistry): Html {
  const codecs = [start.codec.audio?.name, start.codec.video?.name].filter((name) => name !== undefined).join("+");
  const parts = ssrcs.filter(({ ssrc }) => registry.ssrc(ssrc) !== undefined);
  return html`
    <li>${start.stream_type} ${codecs}, stream <code>${id}</code>: ${parts.map(({ ssrc, role }, i) =>
      html`${i > 0 && ", "}${role} <code>${ssrc.toString(16).padStart(8, "0")}</code>`
    )}</li>
  `;
}
