/** The vector files as they are published. */
import type { VectorFile } from "./case.ts";

export const VECTORS = new URL("../../fixtures/vectors/", import.meta.url);

let published: readonly VectorFile[] | undefined;

/** All of them, read once. */
export function publishedVectors(): readonly VectorFile[] {
  return published ??= readVectorFiles();
}

export function readVectorFiles(): readonly VectorFile[] {
  return [...Deno.readDirSync(VECTORS)].map(({ name }) => name)
    .filter((name) => name.endsWith(".json") && !name.endsWith(".schema.json"))
    .sort()
    .map((name) => JSON.parse(Deno.readTextFileSync(new URL(name, VECTORS))));
}
