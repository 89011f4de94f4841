/**
 * JSON for programs, in ASCII: what a tenant named cannot steer the terminal of whoever looks at it. Outside strings JSON
 * has no other characters.
 */
export function formatJSON(value: unknown): string {
  const text = JSON.stringify(value, null, 2);
  return `${text.replaceAll(/[^\n -~]/g, escapeUnit)}\n`;
}

function escapeUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
