/** Shared libraries through Deno's foreign function interface: found by path, opened once, missing ones said plainly. */

/** A library could not be used: `message` says which and why. */
export class LibraryError extends Error {}

export interface LibraryPlaces {
  /** As people call it: `libc`. */
  readonly name: string;
  /** File name for a search by the system itself, which needs the permission for all paths. */
  readonly soname: string;
  /** Absolute paths by architecture, tried in this order: scoped permissions know no others. */
  readonly paths: Readonly<Partial<Record<string, readonly string[]>>>;
}

/**
 * Opens the first place that has the library and every symbol that is not `optional`.
 *
 * @throws LibraryError where it is not there, lacks a symbol, or Deno has no permission for it.
 */
export function openLibrary<S extends Deno.ForeignLibraryInterface>(
  places: LibraryPlaces,
  symbols: S,
): { readonly path: string; readonly symbols: Deno.StaticForeignLibraryInterface<S> } {
  if (!isPermitted(places)) throw new LibraryError(`Deno has no permission to call ${places.name} (--allow-ffi)`);
  let why = "";
  for (const path of candidates(places)) {
    try {
      return { path, symbols: Deno.dlopen(path, symbols).symbols };
    } catch (error) {
      // What is said of a file that is there outweighs that others are not.
      const message = error instanceof Error ? error.message : String(error);
      if (why === "" || !/No such file|cannot open shared object/.test(message)) why = message;
    }
  }
  throw new LibraryError(`${places.name} cannot be used: ${why === "" ? "no place is known for it here" : why}`);
}

/** True when at least one of the places may be opened, without asking anybody. */
function isPermitted(places: LibraryPlaces): boolean {
  return candidates(places).some((path) => {
    try {
      return Deno.permissions.querySync({ name: "ffi", path }).state === "granted";
    } catch {
      return false;
    }
  });
}

function candidates({ soname, paths }: LibraryPlaces): readonly string[] {
  return [...(paths[Deno.build.arch] ?? []), soname];
}
