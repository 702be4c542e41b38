/** A position in the messages of a chat. */
import type { KeyParts } from './ids.ts'

/** The position of a message, by its key, or of a time in Unix seconds (fractions are allowed). */
export type Point = { key: KeyParts } | { time: number }
