import { styleText } from 'node:util';

const WIDTH = 88;
const TEXT = '   ';
const OUTPUT = '     ';

type Style = Parameters<typeof styleText>[0];

const HEX_DIGITS = 64;
/** A digest as this project writes it, or as sha256sum does. */
const DIGEST = /\bsha256:[0-9a-f]{64}|^[0-9a-f]{64}(?= {2}-)/gm;
const PALETTE: readonly Style[] = ['green', 'yellow', 'magenta', 'red', 'cyan', 'blue'];
const digestStyles = new Map<string, Style>();

let step = 0;

/** Colour where standard output is a terminal that wants it, plain text everywhere else. */
function paint(style: Style, text: string): string {
  return styleText(style, text, { stream: process.stdout });
}

function print(text: string, indent: string): void {
  for (const line of text.trimEnd().split('\n')) {
    process.stdout.write(line === '' ? '\n' : `${indent}${line}\n`);
  }
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

/** A paragraph. */
export function say(text: string): void {
  print(wrap(text, WIDTH), TEXT);
  process.stdout.write('\n');
}

/** What the reader is to take from what was just shown. */
export function conclude(text: string): void {
  print(`${paint('green', '✓')} ${text}`, TEXT);
  process.stdout.write('\n');
}

/** A command that the reader could type, as it is being run. */
export function showCommand(text: string): void {
  print(`${paint('dim', '$')} ${paint('bold', text)}`, TEXT);
}

export function showOutput(text: string): void {
  if (text === '') return;
  print(text.replaceAll(DIGEST, paintDigest), OUTPUT);
  process.stdout.write('\n');
}

/** The same digest has the same colour wherever it appears. */
function paintDigest(text: string): string {
  const digest = text.slice(-HEX_DIGITS);
  const style = digestStyles.get(digest) ?? PALETTE[digestStyles.size % PALETTE.length] ?? 'bold';
  digestStyles.set(digest, style);
  return paint(style, text);
}

/** One long line, as prose. */
export function showMessage(text: string): void {
  showOutput(wrap(text, WIDTH));
}

function wrap(text: string, width: number): string {
  const lines = [''];
  for (const word of text.trim().split(/\s+/)) {
    const line = lines.at(-1) ?? '';
    if (line === '') lines[lines.length - 1] = word;
    else if (line.length + 1 + word.length <= width) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(word);
  }
  return lines.join('\n');
}
