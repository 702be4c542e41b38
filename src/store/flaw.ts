/** Something in an archive that is wrong. `check` names what was looked at, `rows` how many, `says` is one sentence. */
export type Flaw = { check: string; rows: number; says: string }
