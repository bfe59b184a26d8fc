/** The house rules that a reader cannot see at a glance: which way imports go, and that the core has no outside. */
import assert from "node:assert/strict";

/** Each folder may import only folders listed above it. `peers` groups may not import one another. */
const ORDER = [
  "base",
  "html",
  "packet",
  "crypto",
  "fec",
  "jitter",
  "media",
  "signaling",
  "quality",
  "session",
  "relay",
  "bridge",
  "dissect",
  "fuzz",
  "sim",
  "probe",
  "load",
  "net",
] as const;

const STRANGERS = new Set(["crypto", "fec", "jitter", "media", "quality"]);

/** What only `net/` may touch: sockets, timers, clocks, randomness, waiting. */
const OUTSIDE = [
  /\bDeno\.(?!test\b|bench\b)/,
  /\bDate\b/,
  /\bMath\.random\b/,
  /\bperformance\.(?:now|mark|measure|timeOrigin)\b/,
  /\bset(?:Timeout|Interval)\b/,
  /\bqueueMicrotask\b/,
  /\bfetch\(/,
  /\bawait\b/,
  /\basync\b/,
  /\bgetRandomValues\b/,
  /\brandomBytes\b/,
  /\bnew (?:WebSocket|Worker)\b/,
];

interface Source {
  /** Path below lib/, with forward slashes. */
  readonly path: string;
  readonly folder: string;
  readonly code: string;
  readonly imports: readonly string[];
}

const LIB = new URL("./", import.meta.url);

function* files(dir: URL): Generator<URL> {
  for (const entry of Deno.readDirSync(dir)) {
    if (entry.isDirectory) yield* files(new URL(`${entry.name}/`, dir));
    else if (entry.name.endsWith(".ts")) yield new URL(entry.name, dir);
  }
}

function readSources(): Source[] {
  return [...files(LIB)].map((url) => {
    const path = url.pathname.slice(LIB.pathname.length);
    const text = Deno.readTextFileSync(url);
    const imports = [...text.matchAll(/(?:from|import)\s*\(?\s*"([^"]+)"/g)].map((match) => match[1]);
    return { path, folder: path.includes("/") ? path.split("/")[0] : "", code: withoutComments(text), imports };
  });
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/(^|[^:"'`])\/\/.*$/gm, "$1");
}

/** Tests, benches and generators (`import.meta.main` programs) stand outside the core. */
function isCore(path: string): boolean {
  return !/(_test|_bench)\.ts$|(^|\/)(generate_|testing\/)/.test(path);
}

function relativeTarget(from: string, specifier: string): string {
  return new URL(specifier, new URL(from, LIB)).pathname.slice(LIB.pathname.length);
}

const sources = readSources();

Deno.test("architecture: the readers above see the sources", () => {
  assert.ok(sources.length > 10);
  assert.ok(sources.some((source) => source.imports.length > 0));
});

Deno.test("architecture: every folder of lib has its place in the order", () => {
  for (const { folder, path } of sources) {
    assert.ok(folder === "" || (ORDER as readonly string[]).includes(folder), `${path}: unknown folder '${folder}'`);
  }
});

Deno.test("architecture: imports go one way", () => {
  const breaches: string[] = [];
  for (const { path, folder, imports } of sources.filter((source) => isCore(source.path) && source.folder !== "")) {
    const rank = (ORDER as readonly string[]).indexOf(folder);
    for (const specifier of imports.filter((name) => name.startsWith("."))) {
      const target = relativeTarget(path, specifier);
      const targetFolder = target.split("/")[0];
      if (targetFolder === folder) continue;
      const targetRank = (ORDER as readonly string[]).indexOf(targetFolder);
      if (targetRank < 0 || targetRank > rank) breaches.push(`${path} imports ${target}, which is below it`);
      if (STRANGERS.has(folder) && STRANGERS.has(targetFolder)) {
        breaches.push(`${path} imports ${target}: ${folder} and ${targetFolder} meet only in session/`);
      }
    }
  }
  assert.deepEqual(breaches, []);
});

Deno.test("architecture: no import cycles", () => {
  const edges = new Map(sources.map((source) => [
    source.path,
    source.imports.filter((name) => name.startsWith(".")).map((name) => relativeTarget(source.path, name)),
  ]));
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]): void => {
    assert.ok(!trail.includes(path), `import cycle: ${[...trail, path].join(" -> ")}`);
    if (done.has(path)) return;
    for (const next of edges.get(path) ?? []) visit(next, [...trail, path]);
    done.add(path);
  };
  for (const path of edges.keys()) visit(path, []);
});

Deno.test("architecture: the core has no socket, timer, clock, randomness or waiting", () => {
  const breaches: string[] = [];
  for (const { path, folder, code } of sources.filter((source) => isCore(source.path) && source.folder !== "net")) {
    code.split("\n").forEach((line, i) => {
      for (const word of OUTSIDE) if (word.test(line)) breaches.push(`${path}:${i + 1}: ${line.trim()} (${folder})`);
    });
  }
  assert.deepEqual(breaches, []);
});

Deno.test("architecture: no `any` and no non-null assertion in lib", () => {
  const breaches: string[] = [];
  for (const { path, code } of sources.filter((source) => isCore(source.path))) {
    code.split("\n").forEach((line, i) => {
      if (/[:<,|&]\s*any\b|\bas any\b/.test(line) || /[\w)\]]!(?=[.,;)\[]|$)/.test(line)) {
        breaches.push(`${path}:${i + 1}: ${line.trim()}`);
      }
    });
  }
  assert.deepEqual(breaches, []);
});
