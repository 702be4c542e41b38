/** The environment of programs that this server starts. Imports nothing. */

/** Returns this process's environment without the settings of this server, which include keys. */
export function childEnvironment(): Record<string, string> {
  const kept = Object.entries(process.env).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && !/^WHATSAPP_/i.test(entry[0]),
  )
  return Object.fromEntries(kept)
}
