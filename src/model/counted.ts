/** Formats a count with its noun. */

/** Returns `1 message` or `2 messages`. `things`: the plural, if it is not the noun with an s. */
export function counted(count: number, thing: string, things = `${thing}s`): string {
  return `${count} ${count === 1 ? thing : things}`
}
