import { styleText } from 'node:util';

const WIDTH = 92;
let step = 0;

type Style = Parameters<typeof styleText>[0];

/** Colour where standard output is a terminal that wants it, plain text everywhere else. */
function paint(style: Style, text: string): string {
  return styleText(style, text, { stream: process.stdout });
}

function print(text: string, indent: string): void {
  for (const line of text.trimEnd().split('\n')) process.stdout.write(`${indent}${line}\n`);
}

export function title(text: string, ...rest: readonly string[]): void {
  process.stdout.write(`\n${paint('bold', text)}\n`);
  for (const line of rest) process.stdout.write(`${line}\n`);
}

/** A numbered heading. */
export function heading(text: string): void {
  step += 1;
  process.stdout.write(`\n${paint(['bold', 'cyan'], `${step}. ${text}`)}\n\n`);
}

export function say(text: string): void {
  print(wrap(text, WIDTH - 3), '   ');
}

/** A command that the reader could type, as it is being run. */
export function showCommand(text: string): void {
  print(`\n${paint('dim', '$')} ${paint('bold', text)}`, '   ');
}

export function showOutput(text: string): void {
  print(text, '     ');
  process.stdout.write('\n');
}

/** What the reader is to take from an output. */
export function sayAnswer(text: string): void {
  print(`${paint('green', '✓')} ${text}\n`, '   ');
}
function wrap(text: string, width: number): string {
  let line = '';
  const lines: string[] = [];
  for (const word of text.split(/\s+/)) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = '';
    }
    line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line].join('\n');
}
