/**
 * Ends an exhaustive `switch`: the type checker refuses the call while a variant is left unhandled.
 *
 * @throws always: reaching it at run time means that a value broke its type.
 */
export function unreachable(value: never): never {
  throw new Error(`unreachable variant: ${JSON.stringify(value)}`);
}
