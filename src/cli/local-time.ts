/** Times for people. JSON keeps those of the API, which are in UTC. */

/** Returns this time in the zone of this computer, to the minute. @param at Unix ms, or ISO 8601 */
export function localTime(at: number | string): string {
  return localSecond(at).slice(0, -':00'.length)
}

/** Returns this time in the zone of this computer, to the second. @param at Unix ms, or ISO 8601 */
export function localSecond(at: number | string): string {
  const time = new Date(at)
  const two = (part: number) => String(part).padStart(2, '0')
  const day = [time.getFullYear(), time.getMonth() + 1, time.getDate()].map(two).join('-')
  return `${day} ${[time.getHours(), time.getMinutes(), time.getSeconds()].map(two).join(':')}`
}
