/** `base_runtime_spec` of a handler: ours is known by the path that it names. */
import { type KeyPath, keyText } from './toml-file.ts';

export const KEY = 'base_runtime_spec';

/** What a handler gets. */
export interface BaseSpecKey {
  /** Of the handler's table, from the top of the document. */
  readonly table: KeyPath;
  readonly baseSpec: string;
  /** What a table that is not there yet holds besides, as lines without indentation; tables in it follow in `tables`. */
  readonly settings: readonly string[];
  readonly subTables: readonly { readonly key: string; readonly lines: readonly string[] }[];
}

const OURS = /^\/etc\/containerd\/oci-measure-base-spec(-[0-9a-f]{12})?\.json$/;

export function isOurs(baseSpec: unknown): boolean {
  return typeof baseSpec === 'string' && OURS.test(baseSpec);
}

export function assignment(baseSpec: string): string {
  return `${KEY} = ${JSON.stringify(baseSpec)}`;
}

/** A handler's table of its own. */
export function tableLines({ table, settings, subTables, baseSpec }: BaseSpecKey): string[] {
  return [
    `[${keyText(table)}]`,
    ...settings.map((line) => `  ${line}`),
    `  ${assignment(baseSpec)}`,
    ...subTables.flatMap(({ key, lines }) => [
      `  [${keyText([...table, key])}]`,
      ...lines.map((line) => `    ${line}`),
    ]),
  ];
}
