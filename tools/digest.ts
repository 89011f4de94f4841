import { describeAmbiguity, describeDigest } from '#tools/digest/digest-json';
import { digestSource } from '#tools/digest/source-digest';
import { warnOfDigest } from '#tools/digest/warnings';
import { checkConfiguration } from './check-configuration.ts';
import { type ImageOptions, parseImageChoice } from './image-choice.ts';
import { formatJSON } from './json.ts';
import { STDOUT, writeOut } from './output.ts';
import { parseSource } from './source.ts';
import { isTerminal } from './terminal.ts';

export interface DigestCommand extends ImageOptions {
  readonly source: string;
  readonly listing: boolean;
  readonly json: boolean;
  readonly config: string | undefined;
}

/**
 * Prints the rootfs digest of what SOURCE names, or its listing; as JSON also that an image has none, before it throws.
 *
 * @throws ToolError `usage`, `source`, `ambiguous`; DigestError; HookError `config`, `bundle`
 */
export async function digest(command: DigestCommand): Promise<number> {
  await checkConfiguration(command.config);
  const source = parseSource(command.source);
  const result = await digestSource(source, {
    ...parseImageChoice(command, [source]),
    onListing: command.listing ? writeOut : undefined,
    onAmbiguity: (error) => {
      if (command.json) writeOut(formatJSON(describeAmbiguity(command.source, error)));
    },
    showProgress: !(command.listing && isTerminal(STDOUT)),
  });
  if (command.json) writeOut(formatJSON(describeDigest(command.source, result)));
  else if (!command.listing) writeOut(`${result.digest}\n`);
  warnOfDigest(result);
  return 0;
}
