/** Which code of the library has run: V8's precise block coverage, through the inspector of this very isolate. */
import { Session } from "node:inspector";
import { type CoveredRange, coveredRanges, type FunctionCoverage } from "../../lib/fuzz/coverage_map.ts";

interface ScriptCoverage {
  readonly url: string;
  readonly functions: readonly (FunctionCoverage & { readonly isBlockCoverage: boolean })[];
}

/** The library, but not the fuzzer in it; and the slow readings that it is held against. */
const WATCHED = /\/(?:lib\/(?!fuzz\/)|conformance\/(?:testee|vectors\/reference)\/)/;

/**
 * Counting begins when the probe is made, and only code that is loaded afterwards is counted by blocks: make it before
 * targets are imported.
 */
export class CoverageProbe {
  readonly #session = new Session();

  static async start(): Promise<CoverageProbe> {
    const probe = new CoverageProbe();
    probe.#session.connect();
    await probe.#post("Profiler.enable");
    await probe.#post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
    return probe;
  }

  /** What ran since the last call. */
  async take(): Promise<CoveredRange[]> {
    const { result } = await this.#post("Profiler.takePreciseCoverage") as { result: readonly ScriptCoverage[] };
    return result.flatMap(({ url, functions }) => {
      if (!WATCHED.test(url)) return [];
      // Without blocks a function counts as a whole: code from before the probe, or that was put away in between.
      return coveredRanges(url, functions.filter(({ isBlockCoverage }) => isBlockCoverage));
    });
  }

  #post(method: string, parameters: object = {}): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#session.post(method, parameters, (error, result) => error ? reject(error) : resolve(result));
    });
  }
}
