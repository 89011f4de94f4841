type Members = { readonly [name: string]: unknown };

const foldedMembers = new WeakMap<Members, ReadonlyMap<string, string>>();

/**
 * The member that `name` is not, but that a reader which ignores case takes it for (Go's encoding/json); undefined where there is
 * none, or where `name` is the member itself.
 */
export function caseVariantOf(name: string, members: Members): string | undefined {
  if (Object.hasOwn(members, name)) return undefined;
  return foldedOf(members).get(fold(name));
}

function foldedOf(members: Members): ReadonlyMap<string, string> {
  const known = foldedMembers.get(members);
  if (known !== undefined) return known;
  const folded = new Map(Object.keys(members).map((name) => [fold(name), name]));
  foldedMembers.set(members, folded);
  return folded;
}

/**
 * Unicode simple folding as far as it reaches ASCII: A–Z, the Kelvin sign (which toLowerCase makes a k) and the long s (which it
 * leaves): Go reads `proceſs` as `process`.
 */
function fold(name: string): string {
  return name.toLowerCase().replaceAll('\u017f', 's');
}
