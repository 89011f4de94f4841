/**
 * Which member names a JSON text may have where a schema fixes them.
 *
 * - `members`: an object with fixed members, and what is below each
 * - `each`: what is below each element of an array, or each value of a map with free keys
 * - neither: a scalar, or something the schemas do not describe
 */
export interface MemberTree {
  readonly members?: { readonly [name: string]: MemberTree };
  readonly each?: MemberTree;
}
