/** A number of things in words. */

/** `1 message`, `2 messages`; `things` where an s does not make it several. */
export function counted(count: number, thing: string, things = `${thing}s`): string {
  return `${count} ${count === 1 ? thing : things}`
}
