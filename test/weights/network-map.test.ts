import assert from 'node:assert/strict';
import { test } from 'node:test';
import { networkMap } from '../../app/weights/network-map.ts';

const sum = (name: string, sizePx = 224): number =>
  networkMap(name, sizePx)!.groups.reduce((all, { multiplyAdds }) => all + multiplyAdds, 0);

test('sides and channels are those of the papers', () => {
  const mobile = networkMap('mobilenet-v2', 224)!;
  const of = (group: string) => mobile.groups.find(({ name }) => name === group)!;
  assert.deepEqual([of('stem').sidePx, of('stem').channels], [112, 16]);
  assert.deepEqual([of('block_13').sidePx, of('block_13').channels], [7, 160]);
  assert.deepEqual([of('top').sidePx, of('top').channels], [7, 1280]);
  assert.ok(of('block_13').layers.includes('block_13_depthwise'));
  for (const [name, channels] of [
    ['resnet50', 2048],
    ['vgg16', 512],
    ['efficientnet-lite0', 1280],
  ] as const) {
    const top = networkMap(`${name}@lab`, 224)!.groups.at(-1)!;
    assert.deepEqual([top.sidePx, top.channels], [7, channels], name);
  }
  assert.equal(networkMap('alexnet', 224), null);
});

/** Published multiply-adds of the convolutions, in millions: 300 (MobileNetV2), 3,850 (ResNet50 v1), 15,300 (VGG16). */
test('costs are the published ones', () => {
  for (const [name, millions] of [
    ['mobilenet-v2', 300],
    ['resnet50', 3850],
    ['vgg16', 15_350],
    ['efficientnet-lite0', 385],
  ] as const) {
    const found = sum(name) / 1e6;
    assert.ok(Math.abs(found / millions - 1) < 0.05, `${name}: ${found.toFixed(0)} million`);
  }
});
