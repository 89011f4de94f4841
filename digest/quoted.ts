const most = 200;

/**
 * Somebody else's text for a message of ours: as JSON, in printable ASCII, and cut where it is long. JSON.stringify alone leaves C1 controls
 * and characters that turn text around to the terminal.
 */
export function quoted(text: string): string {
  const shown = printableAscii(JSON.stringify(text.slice(0, most)));
  return text.length > most ? `${shown}... (${text.length} characters)` : shown;
}

/** The same without quotes and at any length, for a line that is mostly ours. */
export function printableAscii(text: string): string {
  return text.replaceAll(/[^ -~]/g, escaped);
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
