/** The settings of a command that does itself what they say, such as `serve`: it may run programs that they name. */
import { type Config, type GivenSettings, readConfig } from '../config.ts'
import { readOwnEnvironment } from '../environment.ts'
import { dataRoot } from './data-dir.ts'

/** From flags, environment and `.env`. @throws ConfigError as `readConfig` and `readOwnEnvironment` */
export function ownConfig(flags: GivenSettings): Config {
  return readConfig({
    flags,
    env: readOwnEnvironment(dataRoot, flags),
    get root() {
      return dataRoot()
    },
  })
}
