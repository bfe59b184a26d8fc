/** What other projects put into their CI: the action's files, and what README tells them to copy. */
import assert from "node:assert/strict";
import { parse } from "yaml";

const ROOT = new URL("../", import.meta.url).pathname;
const ACTION = `${ROOT}.github/actions/conformance/`;
const TESTEE = `${ROOT}cli/fuzz/testing/broken_testee.ts`;

interface Action {
  readonly inputs: Readonly<Record<string, { readonly description: string; readonly default: string }>>;
  readonly outputs: Readonly<Record<string, { readonly description: string; readonly value: string }>>;
  readonly runs: {
    readonly using: string;
    readonly steps: readonly {
      readonly run?: string;
      readonly shell?: string;
      readonly env?: Record<string, string>;
    }[];
  };
}

const read = (path: string) => Deno.readTextFileSync(path);
const strict = (text: string): unknown => parse(text, { strict: true, uniqueKeys: true });

Deno.test("CI: the action is valid, uses each of its inputs, and only those, and no input is part of a program", () => {
  const text = read(`${ACTION}action.yml`);
  const { inputs, outputs, runs } = strict(text) as Action;
  assert.equal(runs.using, "composite");
  const used = new Set([...text.matchAll(/inputs\.([a-z-]+)/g)].map(([, name]) => name));
  assert.deepEqual([...used].sort(), Object.keys(inputs).sort());
  const script = read(`${ACTION}run.sh`);
  for (const { run, shell, env } of runs.steps) {
    if (run === undefined) continue;
    assert.equal(shell, "bash");
    assert.doesNotMatch(run, /\$\{\{/);
    for (const name of Object.keys(env ?? {})) assert.match(script, new RegExp(`\\b${name}\\b`));
  }
  for (const { value } of Object.values(outputs)) {
    const name = /outputs\.([a-z-]+) /.exec(value)?.[1];
    assert.ok(name !== undefined && script.includes(`${name}=%s`), value);
  }
});

Deno.test("CI: workflows are valid, and so is each YAML that README tells others to copy; they name files that exist", () => {
  for (const { name } of Deno.readDirSync(`${ROOT}.github/workflows`)) {
    assert.ok(strict(read(`${ROOT}.github/workflows/${name}`)), name);
  }
  const blocks = [...read(`${ROOT}README.md`).matchAll(/^```yaml\n([\s\S]*?)^```$/gm)].map(([, text]) => text);
  assert.ok(blocks.length >= 2);
  for (const block of blocks) {
    assert.ok(strict(block), block);
    const paths = [...block.matchAll(/\.github\/actions\/[\w./]+/g)].map(([path]) => path);
    assert.ok(paths.length > 0, block);
    for (const path of paths) assert.ok(Deno.statSync(ROOT + path), path);
    const artifacts = [...block.matchAll(/arcrtc-report\/([\w.]+)/g)].map(([, file]) => file);
    for (const file of artifacts) assert.match(read(`${ACTION}run.sh`), new RegExp(`\\$report/${file}`));
  }
});

Deno.test("CI: the script tests what the variables name, leaves every report, and ends with the exit code", async () => {
  const report = await Deno.makeTempDir();
  try {
    const { code, stdout } = await new Deno.Command("bash", {
      args: [`${ACTION}run.sh`],
      env: {
        COMMAND: `'${Deno.execPath()}' run -A '${TESTEE}'`,
        ARGS: "rtcp/reports\n  arcrtp/version \n\n--timeout\n30s",
        REPORT: report,
        DENO_COMMAND: Deno.execPath(),
        ARCRTC_AUTH_SECRET: "",
        ARCRTC_RELAY_SECRET: "",
        GITHUB_STEP_SUMMARY: `${report}/summary.md`,
        GITHUB_OUTPUT: `${report}/output`,
      },
    }).output();
    const text = new TextDecoder().decode(stdout);
    assert.equal(code, 1, text);
    assert.match(text, /^FAIL {2}rtcp\/reports /m);
    assert.match(text, /^1 against it: 2 cases, /m);
    assert.match(read(`${report}/junit.xml`), /^<testsuites name="arcrtc conformance" tests="2" failures="1"/m);
    assert.match(read(`${report}/report.html`), /^<!doctype html>/);
    assert.equal(JSON.parse(read(`${report}/report.json`)).schema, "arcrtc.conformance/1");
    assert.equal(JSON.parse(read(`${report}/badge.json`)).message, "1/2");
    assert.equal(JSON.parse(read(`${report}/failing/arcrtc-1.0.rtcp.reports.json`)).schema, "arcrtc.capsule/1");
    assert.match(read(`${report}/summary.md`), /^### ArcRTC conformance\n````\n/);
    assert.match(read(`${report}/output`), /^exit-code=1$/m);
  } finally {
    await Deno.remove(report, { recursive: true });
  }
});
