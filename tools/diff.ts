import { compareEntries } from '#tools/diff/compare';
import { describeComparison } from '#tools/diff/comparison-json';
import { formatComparison } from '#tools/diff/comparison-table';
import { readSide } from '#tools/diff/side';
import { checkConfiguration } from './check-configuration.ts';
import { ToolError } from './errors.ts';
import { type ImageOptions, parseImageChoice } from './image-choice.ts';
import { formatJSON } from './json.ts';
import { writeOut } from './output.ts';
import { reportFailure } from './report.ts';
import { parseSource } from './source.ts';

const EQUAL = 0;
const DIFFERENT = 1;
const COULD_NOT_TELL = 2;

export interface DiffCommand extends ImageOptions {
  readonly a: string;
  readonly b: string;
  readonly json: boolean;
  readonly config: string | undefined;
}

/**
 * Prints in what two sources differ. Whatever goes wrong leaves it open whether they do.
 *
 * @throws ToolError `output-closed`
 */
export async function diff(command: DiffCommand): Promise<number> {
  try {
    return await compare(command);
  } catch (error) {
    if (error instanceof ToolError && error.code === 'output-closed') throw error;
    reportFailure(error);
    return COULD_NOT_TELL;
  }
}

async function compare(command: DiffCommand): Promise<number> {
  await checkConfiguration(command.config);
  const [sourceA, sourceB] = [parseSource(command.a), parseSource(command.b)];
  const choice = parseImageChoice(command, [sourceA, sourceB]);
  const a = await readSide(command.a, sourceA, choice);
  const b = await readSide(command.b, sourceB, choice);
  const differences = [...compareEntries(a.entries, b.entries)];
  const comparison = { a, b, differences };
  writeOut(
    command.json ? formatJSON(describeComparison(comparison)) : formatComparison(comparison),
  );
  return a.digest === b.digest ? EQUAL : DIFFERENT;
}
