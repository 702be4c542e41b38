/** Reads the settings of a command that uses them itself, such as `serve`. It may run programs that the settings name. */
import { type Config, type GivenSettings, readConfig, SETTINGS, type SettingName } from '../config.ts'
import { readOwnEnvironment } from '../environment.ts'
import { dataRoot } from './data-dir.ts'

/** Returns the settings of flags, environment and `.env`. @throws ConfigError as `readConfig` and `readOwnEnvironment` */
export function ownConfig(flags: GivenSettings): Config {
  return readConfig({
    flags,
    env: readOwnEnvironment(dataRoot, flags),
    get root() {
      return dataRoot()
    },
  })
}

/** Returns the settings as they were given to {@link ownConfig}, as text; undefined: not given. */
export function ownSettings(flags: GivenSettings): GivenSettings {
  const env = readOwnEnvironment(dataRoot, flags)
  const names = Object.keys(SETTINGS) as SettingName[]
  return Object.fromEntries(names.map((name) => [name, flags[name] ?? env[name]]))
}
