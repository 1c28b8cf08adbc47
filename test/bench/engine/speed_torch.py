"""Peer of the engine bench: NETWORK BATCH -> {"imagesPerSecond": n}. All layers, channels_last, BatchNormalization in inference mode."""
import json, resource, sys, time
import torch, torchvision

network, batch = sys.argv[1], int(sys.argv[2])
torch.set_num_threads(2)
build = {"mobilenet-v2": torchvision.models.mobilenet_v2, "resnet50": torchvision.models.resnet50}[network]
model = build(weights=None, num_classes=5).to(memory_format=torch.channels_last).eval()
optimizer = torch.optim.Adam(model.parameters(), 1e-5)
x = torch.rand(batch, 3, 224, 224).contiguous(memory_format=torch.channels_last)
y = torch.arange(batch) % 5


def step():
    optimizer.zero_grad(set_to_none=True)
    loss = torch.nn.functional.cross_entropy(model(x), y)
    loss.backward()
    optimizer.step()
    return loss.item()


for _ in range(2):
    step()
best = 0.0
for _ in range(2):
    start = time.perf_counter()
    for _ in range(6):
        step()
    best = max(best, 6 * batch / (time.perf_counter() - start))
print(json.dumps({"imagesPerSecond": best, "peakMb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024}))
