/** A place between the messages of a chat. */
import type { KeyParts } from './ids.ts'

/** That of a message, by its key, or of a time: Unix seconds, fractions allowed. */
export type Point = { key: KeyParts } | { time: number }
