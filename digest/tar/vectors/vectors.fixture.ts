/** Archives by name, in parts. */
export type Vectors = Record<string, readonly Buffer[]>;
