import { expect, it } from 'vitest'
import { isForbidden, isPublic } from './public-address.ts'

const URLS: [url: string, isForbidden: boolean][] = [
  ['http://127.0.0.1/', true],
  ['http://127.1/', true],
  ['http://2130706433/', true],
  ['http://0x7f.1/', true],
  ['http://0.0.0.0/', true],
  ['http://10.0.0.1/', true],
  ['http://172.16.3.4/', true],
  ['http://192.168.1.1/', true],
  ['http://100.64.0.1/', true],
  ['http://100.100.100.200/', true],
  ['http://169.254.169.254/latest/meta-data', true],
  ['http://168.63.129.16/', true],
  ['http://192.0.2.7/', true],
  ['http://198.18.0.1/', true],
  ['http://224.0.0.1/', true],
  ['http://255.255.255.255/', true],
  ['http://[::]/', true],
  ['http://[::1]/', true],
  ['http://[::ffff:127.0.0.1]/', true],
  ['http://[::ffff:8.8.8.8]/', true],
  ['http://[64:ff9b::7f00:1]/', true],
  ['http://[2002:7f00:1::]/', true],
  ['http://[fc00::1]/', true],
  ['http://[fd00:ec2::254]/', true],
  ['http://[fe80::1]/', true],
  ['http://[fec0::1]/', true],
  ['http://[ff02::1]/', true],
  ['http://localhost:8790/api/logout', true],
  ['https://8.8.8.8/', false],
  ['https://[2001:4860:4860::8888]/', false],
  ['https://receiver.example/', false],
]

it.each(URLS)('%s is forbidden: %s', async (url, expected) => {
  expect(await isForbidden(new URL(url))).toBe(expected)
})

it('has nothing public that is no address', () => {
  expect(['', 'localhost', '1.2.3', '8.8.8.8.8'].filter(isPublic)).toEqual([])
})
