/** An inconsistency in an archive. `check`: what was checked. `rows`: how many rows. `says`: one sentence. */
export type Flaw = { check: string; rows: number; says: string }
