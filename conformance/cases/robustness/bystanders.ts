/** The honest ones: a pair that talks through a server while others misbehave, and peers that come meanwhile. */
import { uuidV4 } from "../../../lib/base/uuid.ts";
import { SystemRng } from "../../../lib/net/system_rng.ts";
import type { Line } from "../../drive/line.ts";
import type { ServerWorld } from "../../drive/server_world.ts";
import { PLAIN_WAYS } from "../../drive/server_world.ts";
import { streamStop } from "../messages.ts";

export class Bystanders {
  readonly #world: ServerWorld;
  readonly #caller: Line;
  readonly #callee: Line;
  #newcomers = 0;

  private constructor(world: ServerWorld, caller: Line, callee: Line) {
    this.#world = world;
    this.#caller = caller;
    this.#callee = callee;
  }

  /** Two peers of the world's session, joined. */
  static async join(world: ServerWorld): Promise<Bystanders> {
    const { caller, callee } = await world.pair();
    return new Bystanders(world, caller, callee);
  }

  /** A message each way arrives as the next thing, and over each way somebody new joins. */
  async areServed(): Promise<void> {
    await this.talk();
    for (const way of PLAIN_WAYS.filter((one) => this.#world.target[one])) {
      const voice = this.#newVoice();
      (await this.#world.joined(`newcomer ${this.#newcomers}`, voice, way)).close();
    }
    await this.#newcomerByPhoenix();
  }

  /** A message each way arrives as the next thing. */
  async talk(): Promise<void> {
    const world = this.#world;
    for (
      const [from, to, voice] of [[this.#caller, this.#callee, world.caller], [
        this.#callee,
        this.#caller,
        world.callee,
      ]] as const
    ) {
      const message = streamStop(voice, world.freshTimestamp());
      await from.say(message);
      await to.nextMessage("STREAM_STOP", { session_id: world.sessionId, timestamp: message.timestamp });
    }
  }

  /** Somebody joins over a WebSocket; over TCP where the server has none. */
  async newcomer(): Promise<void> {
    const way = this.#world.target.plain === undefined ? "stream" : "plain";
    (await this.#world.joined(`newcomer ${this.#newcomers}`, this.#newVoice(), way)).close();
  }

  async #newcomerByPhoenix(): Promise<void> {
    if (this.#world.target.phoenix === undefined) return;
    const voice = this.#newVoice();
    (await this.#world.phoenixPeer(`newcomer ${this.#newcomers}`, voice)).line.close();
  }

  #newVoice() {
    this.#newcomers++;
    const rng = new SystemRng();
    return { sessionId: uuidV4(rng), peerId: uuidV4(rng) };
  }
}
