import { expect, it } from 'vitest'
import { attachment, wantedOf } from './ranges.ts'

it.each([
  [undefined, 'all'],
  ['bytes=0-', { from: 0, to: 100 }],
  ['bytes=0-0', { from: 0, to: 1 }],
  ['bytes=10-19', { from: 10, to: 20 }],
  ['bytes=90-500', { from: 90, to: 100 }],
  ['bytes=-10', { from: 90, to: 100 }],
  ['bytes=-500', { from: 0, to: 100 }],
  ['bytes=100-', 'unsatisfiable'],
  ['bytes=-0', 'unsatisfiable'],
  ['bytes=20-10', 'all'],
  ['bytes=0-1,5-6', 'all'],
  ['lines=0-1', 'all'],
  ['bytes=a-b', 'all'],
  ['bytes=-', 'all'],
])('the range %s of 100 bytes', (range, wanted) => {
  expect(wantedOf({ method: 'GET', headers: { range } }, 100, '"v"')).toEqual(wanted)
})

it.each([
  [{ 'if-none-match': '"v"' }, 'unchanged'],
  [{ 'if-none-match': '"other", W/"v"' }, 'unchanged'],
  [{ 'if-none-match': '*', range: 'bytes=0-1' }, 'unchanged'],
  [{ 'if-none-match': '"other"' }, 'all'],
  [
    { 'if-range': '"v"', range: 'bytes=0-1' },
    { from: 0, to: 2 },
  ],
  [{ 'if-range': '"other"', range: 'bytes=0-1' }, 'all'],
  [{ 'if-range': 'Wed, 21 Oct 2015 07:28:00 GMT', range: 'bytes=0-1' }, 'all'],
])('the conditions %o', (headers, wanted) => {
  expect(wantedOf({ method: 'GET', headers }, 100, '"v"')).toEqual(wanted)
})

it.each([
  [{ range: 'bytes=0-1' }, 'all'],
  [{ range: 'bytes=100-' }, 'all'],
  [{ range: 'bytes=0-1', 'if-none-match': '"v"' }, 'unchanged'],
])('HEAD has no range, but conditions: %o', (headers, wanted) => {
  expect(wantedOf({ method: 'HEAD', headers }, 100, '"v"')).toEqual(wanted)
})

it.each([
  ['photo.jpg', 'attachment; filename="photo.jpg"'],
  ['../../etc/passwd', 'attachment; filename="passwd"'],
  ['C:\\Windows\\a.exe', 'attachment; filename="a.exe"'],
  ['.bashrc', 'attachment; filename="bashrc"'],
  ['a"; x="b.pdf', 'attachment; filename="a__ x=_b.pdf"; filename*=UTF-8\'\'a%22%3B%20x%3D%22b.pdf'],
  ['a\r\nSet-Cookie: x', 'attachment; filename="aSet-Cookie: x"'],
  ['gpj.\u202eexe', 'attachment; filename="gpj.exe"'],
  ['Über uns.pdf', 'attachment; filename="_ber uns.pdf"; filename*=UTF-8\'\'%C3%9Cber%20uns.pdf'],
  ['', 'attachment; filename="file"'],
  ['\ud800a.pdf', 'attachment; filename="a.pdf"'],
])('the name %j', (name, header) => {
  expect(attachment(name)).toBe(header)
})
