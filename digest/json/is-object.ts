/** Whether a parser gave it for an object (of JSON) or a table (of TOML): neither null nor a list. A TOML parser's dates are also objects. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
