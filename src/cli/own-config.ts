/** Reads the settings of a command that uses them itself, such as `serve`. It may run programs that the settings name. */
import { type Config, type GivenSettings, readConfig } from '../config.ts'
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
