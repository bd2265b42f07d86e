"""Runs the generated AlexNet as a user would: import it, make it, give it images.

    python docs/demo.py FOLDER

The folder is the one that `archspec compile` wrote `alexnet.py` to. Nothing of archspec is needed here.
"""

import sys

import torch


def main(folder: str) -> None:
    sys.path.insert(0, folder)
    from alexnet import AlexNet  # type: ignore[import-not-found, unused-ignore]  # `make demo` writes it.

    model = AlexNet()
    model.eval()
    images = torch.randn(2, 3, 224, 224)
    with torch.no_grad():
        scores = model(images)

    print(f"input       {list(images.shape)}")
    print(f"output      {list(scores.shape)}")
    print(f"parameters  {sum(parameter.numel() for parameter in model.parameters()):,}")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python docs/demo.py FOLDER")
    main(sys.argv[1])
