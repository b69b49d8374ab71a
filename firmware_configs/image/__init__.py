"""From a board's file to one flashable image. `python -m firmware_configs.image build --help`"""
